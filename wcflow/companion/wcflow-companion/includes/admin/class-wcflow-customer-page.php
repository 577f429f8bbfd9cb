<?php
/**
 * The page of one customer.
 *
 * @package wcflow-companion
 */

defined( 'ABSPATH' ) || exit;

/**
 * Shows everything on a customer's card, and takes changes.
 */
class Wcflow_Customer_Page {

	/**
	 * Print the page of the customer in the address.
	 */
	public static function render() {
		$person = isset( $_GET['person'] ) ? absint( $_GET['person'] ) : 0; // phpcs:ignore WordPress.Security.NonceVerification.Recommended
		$row    = $person ? Wcflow_People::find( $person ) : null;
		if ( ! $row ) {
			echo '<h1>' . esc_html__( 'Customer not found', 'wcflow-companion' ) . '</h1><p>' . esc_html__( 'wcflow does not know this customer, or no longer.', 'wcflow-companion' ) . '</p>';
			echo '<p><a class="button" href="' . esc_url( Wcflow_Html::url( 'customers' ) ) . '">' . esc_html__( 'All customers', 'wcflow-companion' ) . '</a></p>';
			return;
		}
		$card    = new Wcflow_Card( $row );
		$pending = Wcflow_Pending::for_person( $row );
		self::head( $card, $pending );
		echo '<div id="poststuff"><div id="post-body" class="metabox-holder columns-2">';
		echo '<div id="postbox-container-2" class="postbox-container">';
		self::box( __( 'Notes', 'wcflow-companion' ), array( __CLASS__, 'notes' ), array( $card, $pending ) );
		self::box( __( 'Recent orders', 'wcflow-companion' ), array( __CLASS__, 'orders' ), array( $card ) );
		self::box( __( 'Timeline', 'wcflow-companion' ), array( __CLASS__, 'timeline' ), array( $card, $pending ) );
		echo '</div><div id="postbox-container-1" class="postbox-container">';
		self::box( __( 'Tags', 'wcflow-companion' ), array( 'Wcflow_Person_Parts', 'labels' ), array( $card, $pending, 'tag' ) );
		self::box( __( 'Why these segments and tags', 'wcflow-companion' ), array( 'Wcflow_Person_Parts', 'reasons' ), array( $card ), ! $card->words( 'reasons' ) );
		self::box( __( 'Tasks and reminders', 'wcflow-companion' ), array( __CLASS__, 'tasks' ), array( $card, $pending ) );
		self::box( __( 'Contact', 'wcflow-companion' ), array( __CLASS__, 'contact' ), array( $card ) );
		self::box( __( 'Groups', 'wcflow-companion' ), array( 'Wcflow_Person_Parts', 'labels' ), array( $card, $pending, 'group' ) );
		self::box( __( 'Company', 'wcflow-companion' ), array( __CLASS__, 'company' ), array( $card, $pending ) );
		echo '</div></div><br class="clear"></div>';
		Wcflow_Requests::print_forms( $row );
	}

	/**
	 * Print the name, the segment, the status and the figures.
	 *
	 * @param Wcflow_Card    $card    Person.
	 * @param Wcflow_Pending $pending Open requests.
	 */
	private static function head( $card, $pending ) {
		echo '<p class="wcflow-back"><a href="' . esc_url( Wcflow_Html::url( 'customers' ) ) . '"><span aria-hidden="true">' . ( is_rtl() ? '→' : '←' ) . '</span> ' . esc_html__( 'All customers', 'wcflow-companion' ) . '</a></p>';
		echo '<h1 class="wp-heading-inline"><bdi>' . esc_html( $card->title() ) . '</bdi></h1> ';
		Wcflow_Person_Parts::segment( $card );
		self::status( $card, $pending );
		echo '<hr class="wp-header-end">';
		Wcflow_Requests::notices();
		$pending->print_refused();
		$figures = Wcflow_Person_Parts::figures( $card );
		$since   = Wcflow_Html::date( $card->text( 'since' ) );
		if ( '' !== $since ) {
			$figures[ __( 'Customer since', 'wcflow-companion' ) ] = $since;
		}
		echo '<dl class="wcflow-tiles">';
		foreach ( $figures as $label => $html ) {
			echo '<div><dt>' . esc_html( $label ) . '</dt><dd>' . $html . '</dd></div>'; // phpcs:ignore WordPress.Security.EscapeOutput.OutputNotEscaped -- escaped where it is made.
		}
		echo '</dl>';
	}

	/**
	 * Print whether the customer is active, and a button that changes it.
	 *
	 * @param Wcflow_Card    $card    Person.
	 * @param Wcflow_Pending $pending Open requests.
	 */
	private static function status( $card, $pending ) {
		$active = 'inactive' !== $card->text( 'status' );
		$next   = $pending->last( 'status.set', 'status' );
		if ( ! $active ) {
			echo ' ' . Wcflow_Html::chip( __( 'Inactive', 'wcflow-companion' ), 'wcflow-inactive' ); // phpcs:ignore WordPress.Security.EscapeOutput.OutputNotEscaped
		}
		if ( null !== $next && ( 'active' === $next ) !== $active ) {
			echo ' <em class="wcflow-waiting">' . esc_html( $active ? __( 'becoming inactive', 'wcflow-companion' ) : __( 'becoming active', 'wcflow-companion' ) ) . '</em>';
		} elseif ( Wcflow_Admin::may_edit() ) {
			echo ' <button type="submit" class="page-title-action" form="' . esc_attr( Wcflow_Requests::form_id( 'status.set' ) ) . '" name="wcflow[status]" value="' . ( $active ? 'inactive' : 'active' ) . '">' . esc_html( $active ? __( 'Set to inactive', 'wcflow-companion' ) : __( 'Set to active', 'wcflow-companion' ) ) . '</button>';
		}
		$account = (int) $card->text( 'customer_id' );
		if ( $account && current_user_can( 'edit_user', $account ) ) {
			echo ' <a class="page-title-action" href="' . esc_url( get_edit_user_link( $account ) ) . '">' . esc_html__( 'Edit profile', 'wcflow-companion' ) . '</a>';
		}
	}

	/**
	 * Print a box with a heading.
	 *
	 * @param string   $title   Heading.
	 * @param callable $content Prints the content.
	 * @param array    $args    Arguments of the content.
	 * @param bool     $skip    Whether there is nothing to print.
	 */
	private static function box( $title, $content, $args, $skip = false ) {
		if ( $skip ) {
			return;
		}
		echo '<div class="postbox"><div class="postbox-header"><h2>' . esc_html( $title ) . '</h2></div><div class="inside">';
		call_user_func_array( $content, $args );
		echo '</div></div>';
	}

	/**
	 * Print the form for a note, and the notes.
	 *
	 * @param Wcflow_Card    $card    Person.
	 * @param Wcflow_Pending $pending Open requests.
	 */
	public static function notes( $card, $pending ) {
		Wcflow_Person_Parts::note_form();
		Wcflow_Person_Parts::notes( $card, $pending );
	}

	/**
	 * Print the last orders.
	 *
	 * @param Wcflow_Card $card Person.
	 */
	public static function orders( $card ) {
		$orders = $card->records( 'recent_orders' );
		if ( ! $orders ) {
			echo '<p class="wcflow-none">' . esc_html__( 'No orders yet.', 'wcflow-companion' ) . '</p>';
			return;
		}
		echo '<table class="widefat striped wcflow-table"><thead><tr>';
		foreach ( array( __( 'Order', 'wcflow-companion' ), __( 'Date', 'wcflow-companion' ), __( 'Status', 'wcflow-companion' ) ) as $heading ) {
			echo '<th scope="col">' . esc_html( $heading ) . '</th>';
		}
		echo '<th scope="col" class="wcflow-number">' . esc_html__( 'Total', 'wcflow-companion' ) . '</th></tr></thead><tbody>';
		foreach ( $orders as $order ) {
			$number = Wcflow_Card::string( $order, 'number' );
			$id     = absint( Wcflow_Card::string( $order, 'id' ) );
			echo '<tr><td>' . Wcflow_Person_Parts::order_link( $id, '' !== $number ? $number : (string) $id ) . '</td>'; // phpcs:ignore WordPress.Security.EscapeOutput.OutputNotEscaped
			echo '<td>' . Wcflow_Html::date( Wcflow_Card::string( $order, 'at' ), '–' ) . '</td>'; // phpcs:ignore WordPress.Security.EscapeOutput.OutputNotEscaped
			echo '<td>' . esc_html( wc_get_order_status_name( Wcflow_Card::string( $order, 'status' ) ) ) . '</td>';
			echo '<td class="wcflow-number">' . Wcflow_Html::money( Wcflow_Card::string( $order, 'total' ), Wcflow_Card::string( $order, 'currency' ), '–' ) . '</td></tr>'; // phpcs:ignore WordPress.Security.EscapeOutput.OutputNotEscaped
		}
		echo '</tbody></table>';
	}

	/**
	 * Print what happened, the newest first.
	 *
	 * @param Wcflow_Card    $card    Person.
	 * @param Wcflow_Pending $pending Open requests.
	 */
	public static function timeline( $card, $pending ) {
		$entries = $card->records( 'timeline' );
		$undoing = $pending->values( 'edit.undo', 'edit' );
		if ( ! $entries ) {
			echo '<p class="wcflow-none">' . esc_html__( 'Nothing has happened yet.', 'wcflow-companion' ) . '</p>';
			return;
		}
		echo '<ol class="wcflow-timeline">';
		foreach ( $entries as $entry ) {
			$edit  = Wcflow_Card::string( $entry, 'edit' );
			$order = absint( Wcflow_Card::string( $entry, 'order_id' ) );
			echo '<li><span class="wcflow-when">' . Wcflow_Html::ago( Wcflow_Card::string( $entry, 'at' ) ) . '</span><div><bdi>' . esc_html( Wcflow_Card::string( $entry, 'words' ) ) . '</bdi>'; // phpcs:ignore WordPress.Security.EscapeOutput.OutputNotEscaped
			$parts = array_filter( array( esc_html( Wcflow_Card::string( $entry, 'reason' ) ), esc_html( Wcflow_Card::string( $entry, 'by' ) ), $order ? Wcflow_Person_Parts::order_link( $order ) : '' ), 'strlen' );
			if ( $parts ) {
				echo '<span class="wcflow-meta"> · ' . implode( ' · ', $parts ) . '</span>'; // phpcs:ignore WordPress.Security.EscapeOutput.OutputNotEscaped -- each part is escaped.
			}
			if ( '' !== $edit && in_array( $edit, $undoing, true ) ) {
				echo ' <em class="wcflow-waiting">' . esc_html__( 'being undone', 'wcflow-companion' ) . '</em>';
			} elseif ( '' !== $edit && '0' !== $edit && Wcflow_Admin::may_edit() ) {
				echo ' · <button type="submit" class="button-link" form="' . esc_attr( Wcflow_Requests::form_id( 'edit.undo' ) ) . '" name="wcflow[edit]" value="' . esc_attr( $edit ) . '">' . esc_html__( 'Undo', 'wcflow-companion' ) . '<span class="screen-reader-text">: ' . esc_html( Wcflow_Html::short( Wcflow_Card::string( $entry, 'words' ) ) ) . '</span></button>';
			}
			echo '</div></li>';
		}
		echo '</ol>';
	}

	/**
	 * Print the open tasks, and the form for a reminder.
	 *
	 * @param Wcflow_Card    $card    Person.
	 * @param Wcflow_Pending $pending Open requests.
	 */
	public static function tasks( $card, $pending ) {
		$done  = $pending->values( 'task.done', 'task' );
		$tasks = $card->records( 'tasks' );
		echo '<ul class="wcflow-tasks">';
		foreach ( $tasks as $task ) {
			$id    = Wcflow_Card::string( $task, 'id' );
			$taken = in_array( $id, $done, true );
			echo '<li' . ( $taken ? ' class="wcflow-is-removing"' : '' ) . '><bdi>' . esc_html( Wcflow_Card::string( $task, 'text' ) ) . '</bdi><p class="wcflow-meta">' . Wcflow_Tasks_Page::due_words( Wcflow_Card::string( $task, 'due' ) ) . ' <bdi>' . esc_html( Wcflow_Card::string( $task, 'assignee' ) ) . '</bdi> '; // phpcs:ignore WordPress.Security.EscapeOutput.OutputNotEscaped
			if ( $taken ) {
				echo '<em>' . esc_html__( 'being marked as done', 'wcflow-companion' ) . '</em>';
			} elseif ( Wcflow_Admin::may_edit() ) {
				echo '<button type="submit" class="button button-small" form="' . esc_attr( Wcflow_Requests::form_id( 'task.done' ) ) . '" name="wcflow[task]" value="' . esc_attr( $id ) . '">' . esc_html__( 'Done', 'wcflow-companion' ) . '<span class="screen-reader-text">: ' . esc_html( Wcflow_Html::short( Wcflow_Card::string( $task, 'text' ) ) ) . '</span></button>';
			}
			echo '</p></li>';
		}
		foreach ( $pending->of( 'reminder.add' ) as $request ) {
			echo '<li class="wcflow-is-adding"><bdi>' . esc_html( Wcflow_Card::string( $request['data'], 'text' ) ) . '</bdi><p class="wcflow-meta">' . Wcflow_Tasks_Page::due_words( Wcflow_Card::string( $request['data'], 'due' ) ) . ' <em>' . esc_html__( 'being added', 'wcflow-companion' ) . '</em></p></li>'; // phpcs:ignore WordPress.Security.EscapeOutput.OutputNotEscaped
		}
		echo '</ul>';
		self::reminder_form();
	}

	/**
	 * Print the form for a reminder.
	 */
	private static function reminder_form() {
		if ( ! Wcflow_Admin::may_edit() ) {
			return;
		}
		$form = Wcflow_Requests::form_id( 'reminder.add' );
		$next = wp_date( 'Y-m-d', time() + WEEK_IN_SECONDS );
		echo '<div class="wcflow-reminder"><p><label for="wcflow-reminder">' . esc_html__( 'Remind me to', 'wcflow-companion' ) . '</label><input type="text" id="wcflow-reminder" name="wcflow[text]" form="' . esc_attr( $form ) . '" class="widefat" autocomplete="off"></p>';
		echo '<p class="wcflow-two"><span><label for="wcflow-due">' . esc_html__( 'On', 'wcflow-companion' ) . '</label><input type="date" id="wcflow-due" name="wcflow[due]" form="' . esc_attr( $form ) . '" value="' . esc_attr( $next ) . '" min="' . esc_attr( wp_date( 'Y-m-d' ) ) . '"></span>';
		echo '<span><label for="wcflow-assignee">' . esc_html__( 'For', 'wcflow-companion' ) . '</label><input type="text" id="wcflow-assignee" name="wcflow[assignee]" form="' . esc_attr( $form ) . '" value="' . esc_attr( wp_get_current_user()->user_email ) . '"></span></p>';
		echo '<p><button type="submit" class="button" form="' . esc_attr( $form ) . '">' . esc_html__( 'Add reminder', 'wcflow-companion' ) . '</button></p></div>';
	}

	/**
	 * Print how to reach the customer, with the addresses.
	 *
	 * @param Wcflow_Card $card Person.
	 */
	public static function contact( $card ) {
		$emails = array_values( array_unique( array_filter( array_merge( array( $card->text( 'email' ) ), $card->words( 'emails' ) ), 'strlen' ) ) );
		echo '<ul class="wcflow-contact">';
		foreach ( $emails as $email ) {
			echo '<li><a href="' . esc_url( 'mailto:' . $email ) . '"><bdi>' . esc_html( $email ) . '</bdi></a></li>';
		}
		if ( '' !== $card->text( 'phone' ) ) {
			echo '<li><a href="' . esc_url( 'tel:' . preg_replace( '/[^0-9+]/', '', $card->text( 'phone' ) ) ) . '"><bdi>' . esc_html( $card->text( 'phone' ) ) . '</bdi></a></li>';
		}
		echo '</ul>';
		$consent = $card->raw( 'consent' );
		if ( null !== $consent ) {
			echo '<p>' . esc_html( $consent ? __( 'Agreed to receive e-mail.', 'wcflow-companion' ) : __( 'Does not want e-mail.', 'wcflow-companion' ) ) . '</p>';
		}
		echo '<p class="wcflow-meta">' . esc_html( (int) $card->text( 'customer_id' ) ? __( 'Has an account.', 'wcflow-companion' ) : __( 'Guest, without an account.', 'wcflow-companion' ) ) . '</p>';
		self::address( __( 'Billing address', 'wcflow-companion' ), $card->record( 'billing' ) );
		self::address( __( 'Shipping address', 'wcflow-companion' ), $card->record( 'shipping' ) );
	}

	/**
	 * Print one address as the country writes it.
	 *
	 * @param string $title   Heading.
	 * @param array  $address Address.
	 */
	private static function address( $title, $address ) {
		$clean = array();
		foreach ( array( 'first_name', 'last_name', 'company', 'address_1', 'address_2', 'city', 'state', 'postcode', 'country' ) as $field ) {
			$clean[ $field ] = Wcflow_Card::string( $address, $field );
		}
		if ( '' === implode( '', $clean ) ) {
			return;
		}
		$html = WC()->countries->get_formatted_address( array_map( 'esc_html', $clean ) );
		echo '<h3>' . esc_html( $title ) . '</h3><address>' . wp_kses( $html, array( 'br' => array() ) ) . '</address>';
	}

	/**
	 * Print the company, and the form that changes it.
	 *
	 * @param Wcflow_Card    $card    Person.
	 * @param Wcflow_Pending $pending Open requests.
	 */
	public static function company( $card, $pending ) {
		$company = $card->text( 'company' );
		$next    = $pending->last( 'company.set', 'company' );
		if ( '' !== $company ) {
			echo '<p><a href="' . esc_url( Wcflow_Html::url( 'customers', array( 'company' => $company ) ) ) . '"><bdi>' . esc_html( $company ) . '</bdi></a></p>';
		}
		if ( null !== $next && $next !== $company ) {
			/* translators: %s: company */
			echo '<p><em class="wcflow-waiting">' . esc_html( '' === $next ? __( 'being removed', 'wcflow-companion' ) : sprintf( __( 'being changed to %s', 'wcflow-companion' ), $next ) ) . '</em></p>';
		}
		if ( ! Wcflow_Admin::may_edit() ) {
			return;
		}
		$form = Wcflow_Requests::form_id( 'company.set' );
		echo '<p class="wcflow-add"><label class="screen-reader-text" for="wcflow-company">' . esc_html__( 'Company', 'wcflow-companion' ) . '</label><input type="text" id="wcflow-company" name="wcflow[company]" value="' . esc_attr( null === $next ? $company : $next ) . '" form="' . esc_attr( $form ) . '" list="wcflow-list-company" autocomplete="off" placeholder="' . esc_attr__( 'No company', 'wcflow-companion' ) . '"> ';
		echo '<button type="submit" class="button" form="' . esc_attr( $form ) . '">' . esc_html__( 'Save', 'wcflow-companion' ) . '<span class="screen-reader-text"> (' . esc_html__( 'Company', 'wcflow-companion' ) . ')</span></button></p>';
		Wcflow_Html::suggestions( 'wcflow-list-company', 'companies' );
	}
}
