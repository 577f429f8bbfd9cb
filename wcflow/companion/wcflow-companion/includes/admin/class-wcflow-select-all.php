<?php
/**
 * Bulk actions on everyone who matches the filters of the list of customers.
 *
 * @package wcflow-companion
 */

defined( 'ABSPATH' ) || exit;

/**
 * Offers to select everyone who matches, asks with the exact number, and sends the requests.
 */
class Wcflow_Select_All {

	const FIELD = 'wcflow_all';
	const MOST  = 50000;

	/**
	 * What the screen asks: action, count and more (whether there are more than were confirmed), or null.
	 *
	 * @var array|null
	 */
	private static $question = null;

	/**
	 * Print the box that selects everyone. The script shows it once the whole page is selected.
	 *
	 * @param int $shown How many customers the page shows.
	 * @param int $total How many match; one more than Wcflow_People::MANY may mean many more.
	 */
	public static function line( $shown, $total ) {
		if ( $total <= $shown || ! $shown ) {
			return;
		}
		/* translators: %s: number of customers */
		$page = sprintf( _n( 'The %s customer on this page is selected.', 'All %s customers on this page are selected.', $shown, 'wcflow-companion' ), number_format_i18n( $shown ) );
		if ( $total > Wcflow_People::MANY ) {
			/* translators: %s: number of customers */
			$all = sprintf( __( 'Select all customers that match (more than %s)', 'wcflow-companion' ), number_format_i18n( Wcflow_People::MANY ) );
		} else {
			/* translators: %s: number of customers */
			$all = sprintf( _n( 'Select the %s customer that matches', 'Select all %s customers that match', $total, 'wcflow-companion' ), number_format_i18n( $total ) );
		}
		echo '<p class="wcflow-select-all" role="group"><span class="wcflow-page-selected" hidden>' . esc_html( $page ) . '</span> ';
		echo '<label><input type="checkbox" name="' . esc_attr( self::FIELD ) . '" value="1" autocomplete="off"> ' . esc_html( $all ) . '</label></p>';
	}

	/**
	 * Return whether everyone who matches is meant, and not only the selected lines.
	 *
	 * @return bool
	 */
	public static function is_wanted() {
		return isset( $_POST[ self::FIELD ] ); // phpcs:ignore WordPress.Security.NonceVerification.Missing -- checked by the callers.
	}

	/**
	 * Send the requests if this number of customers was confirmed, else ask; return what is wrong, or null.
	 *
	 * @param string $bulk_action Bulk action of the list.
	 * @param string $action      Action of the mailbox.
	 * @param array  $data        Cleaned data; several tags or groups become several changes.
	 * @param string $back        Where to go afterwards.
	 * @return string|null
	 */
	public static function handle( $bulk_action, $action, $data, $back ) {
		// phpcs:disable WordPress.Security.NonceVerification.Missing -- checked by the caller.
		$confirmed = isset( $_POST['wcflow_confirmed'] ) ? absint( $_POST['wcflow_confirmed'] ) : 0;
		$bulk      = isset( $_POST['wcflow_bulk_key'] ) ? sanitize_key( wp_unslash( $_POST['wcflow_bulk_key'] ) ) : '';
		// phpcs:enable
		if ( $confirmed && wp_is_uuid( $bulk ) && Wcflow_Mailbox::has_bulk( $bulk ) ) {
			self::go_back( $back, $confirmed ); // The button was pressed twice.
		}
		$shown = Wcflow_People::generation(); // Asked before: what comes after it is refused by the daemon.
		$pairs = Wcflow_People::pairs( Wcflow_Customers_Table::query_args(), self::MOST + 1 );
		$count = count( $pairs );
		if ( ! $count ) {
			return __( 'No customers match any more.', 'wcflow-companion' );
		}
		if ( $count > self::MOST ) {
			/* translators: %s: number of customers */
			return sprintf( __( 'More than %1$s customers match. A bulk action can change %1$s at most: use filters, and change them in parts.', 'wcflow-companion' ), number_format_i18n( self::MOST ) );
		}
		if ( $confirmed < $count || ! wp_is_uuid( $bulk ) ) {
			self::$question = array(
				'action' => $bulk_action,
				'count'  => $count,
				'more'   => $confirmed > 0,
			);
			return null;
		}
		$sent = Wcflow_Mailbox::add_many( $action, $pairs, Wcflow_Requests::each( $data ), $bulk, $shown );
		if ( is_wp_error( $sent ) ) {
			return $sent->get_error_message();
		}
		self::go_back( $back, $count );
	}

	/**
	 * Go back to the list, which says how many customers are changed.
	 *
	 * @param string $back  Where to go.
	 * @param int    $count How many customers.
	 */
	private static function go_back( $back, $count ) {
		wp_safe_redirect( add_query_arg( 'wcflow_bulk', $count, $back ) );
		exit;
	}

	/**
	 * Return whether the screen asks instead of showing the list.
	 *
	 * @return bool
	 */
	public static function asks() {
		return null !== self::$question;
	}

	/**
	 * Print the question.
	 */
	public static function render() {
		$count   = self::$question['count'];
		$filters = Wcflow_Customers_Table::filters();
		$back    = Wcflow_Html::url( 'customers', $filters );
		/* translators: %s: number of customers */
		$title = sprintf( _n( 'Change %s customer?', 'Change %s customers?', $count, 'wcflow-companion' ), number_format_i18n( $count ) );
		/* translators: %s: number of customers */
		$yes = sprintf( _n( 'Change %s customer', 'Change %s customers', $count, 'wcflow-companion' ), number_format_i18n( $count ) );
		echo '<div class="wcflow-card wcflow-question"><h2>' . esc_html( $title ) . '</h2>';
		if ( self::$question['more'] ) {
			echo '<div class="notice notice-warning inline"><p>' . esc_html__( 'More customers match by now. Nothing has been changed yet.', 'wcflow-companion' ) . '</p></div>';
		}
		echo '<dl class="wcflow-facts">';
		foreach ( Wcflow_Customers_Bulk::words( self::$question['action'] ) + self::filter_words( $filters ) as $label => $words ) {
			echo '<dt>' . esc_html( $label ) . '</dt><dd><bdi>' . esc_html( $words ) . '</bdi></dd>';
		}
		echo '</dl><p>' . esc_html__( 'wcflow makes the change with its next syncs. Many changes at once may first wait for your approval on the Overview tab.', 'wcflow-companion' ) . '</p>';
		echo '<form method="post" action="' . esc_url( $back ) . '">';
		self::hidden_fields();
		echo '<p><button type="submit" class="button button-primary">' . esc_html( $yes ) . '</button> <a class="button" href="' . esc_url( $back ) . '">' . esc_html__( 'Cancel', 'wcflow-companion' ) . '</a></p></form></div>';
	}

	/**
	 * Return the filters in words, by label.
	 *
	 * @param string[] $filters Filters of the list.
	 * @return string[]
	 */
	private static function filter_words( $filters ) {
		$labels = array(
			's'       => __( 'Search', 'wcflow-companion' ),
			'segment' => __( 'Segment', 'wcflow-companion' ),
			'tag'     => __( 'Tag', 'wcflow-companion' ),
			'group'   => __( 'Group', 'wcflow-companion' ),
			'company' => __( 'Company', 'wcflow-companion' ),
			'status'  => __( 'Status', 'wcflow-companion' ),
		);
		$states = array(
			'active'   => __( 'Active', 'wcflow-companion' ),
			'inactive' => __( 'Inactive', 'wcflow-companion' ),
		);
		if ( isset( $filters['status'], $states[ $filters['status'] ] ) ) {
			$filters['status'] = $states[ $filters['status'] ];
		}
		$words = array();
		foreach ( array_intersect_key( $labels, $filters ) as $name => $label ) {
			$words[] = "$label: {$filters[ $name ]}";
		}
		return array( __( 'Customers', 'wcflow-companion' ) => $words ? implode( ' · ', $words ) : __( 'All customers', 'wcflow-companion' ) );
	}

	/**
	 * Print what the button sends.
	 */
	private static function hidden_fields() {
		$input  = Wcflow_Customers_Bulk::input();
		$fields = array(
			'_wpnonce'            => wp_create_nonce( 'bulk-customers' ),
			'action'              => self::$question['action'],
			self::FIELD           => '1',
			'wcflow_confirmed'    => (string) self::$question['count'],
			'wcflow_bulk_key'     => wp_generate_uuid4(),
			'wcflow_value[tag]'   => $input['tag'],
			'wcflow_value[group]' => $input['group'],
			'wcflow_value[note]'  => $input['text'],
			'wcflow_category'     => $input['category'],
		);
		foreach ( $fields as $name => $value ) {
			echo '<input type="hidden" name="' . esc_attr( $name ) . '" value="' . esc_attr( $value ) . '">';
		}
	}
}
