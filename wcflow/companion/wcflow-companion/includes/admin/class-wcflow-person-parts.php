<?php
/**
 * Parts of a person that both the panel and the customer page show.
 *
 * @package wcflow-companion
 */

defined( 'ABSPATH' ) || exit;

/**
 * Prints labels with their form, notes, tasks and reasons. Fields belong to the forms at the end of the page.
 */
class Wcflow_Person_Parts {

	/**
	 * Print the tags or groups of a person, each with a button that removes it, and a field for another.
	 *
	 * @param Wcflow_Card    $card    Person.
	 * @param Wcflow_Pending $pending Open requests.
	 * @param string         $kind    tag or group.
	 */
	public static function labels( $card, $pending, $kind ) {
		$tag    = 'tag' === $kind;
		$labels = $pending->labels( $card->words( $kind . 's' ), $kind );
		echo '<ul class="wcflow-labels">';
		foreach ( $labels as $name => $state ) {
			self::label( (string) $name, $state, $kind );
		}
		if ( ! $labels ) {
			echo '<li class="wcflow-none">' . esc_html( $tag ? __( 'No tags yet.', 'wcflow-companion' ) : __( 'In no group.', 'wcflow-companion' ) ) . '</li>';
		}
		echo '</ul>';
		if ( ! Wcflow_Admin::may_edit() ) {
			return;
		}
		$form  = Wcflow_Requests::form_id( $kind . '.add' );
		$label = $tag ? __( 'Tags to add, separated by commas', 'wcflow-companion' ) : __( 'Groups to add, separated by commas', 'wcflow-companion' );
		echo '<p class="wcflow-add"><label class="screen-reader-text" for="wcflow-add-' . esc_attr( $kind ) . '">' . esc_html( $label ) . '</label>';
		echo '<input type="text" id="wcflow-add-' . esc_attr( $kind ) . '" name="wcflow[' . esc_attr( $kind ) . ']" form="' . esc_attr( $form ) . '" list="wcflow-list-' . esc_attr( $kind ) . '" autocomplete="off" placeholder="' . esc_attr( $tag ? __( 'New tag', 'wcflow-companion' ) : __( 'New group', 'wcflow-companion' ) ) . '"> ';
		echo '<button type="submit" class="button" form="' . esc_attr( $form ) . '">' . esc_html__( 'Add', 'wcflow-companion' ) . '<span class="screen-reader-text"> (' . esc_html( $label ) . ')</span></button></p>';
		Wcflow_Html::suggestions( 'wcflow-list-' . $kind, $kind . 's' );
	}

	/**
	 * Print one tag or group.
	 *
	 * @param string $name  Name.
	 * @param string $state '', adding or removing.
	 * @param string $kind  tag or group.
	 */
	private static function label( $name, $state, $kind ) {
		echo '<li class="wcflow-label' . ( $state ? ' wcflow-is-' . esc_attr( $state ) : '' ) . '">';
		$url = Wcflow_Html::url( 'customers', array( $kind => $name ) );
		echo '<a href="' . esc_url( $url ) . '" dir="auto" title="' . esc_attr( $name ) . '">' . esc_html( $name ) . '</a>';
		if ( 'adding' === $state ) {
			echo ' <em>' . esc_html__( 'being added', 'wcflow-companion' ) . '</em>';
		} elseif ( 'removing' === $state ) {
			echo ' <em>' . esc_html__( 'being removed', 'wcflow-companion' ) . '</em>';
		}
		if ( 'removing' !== $state && Wcflow_Admin::may_edit() ) {
			/* translators: %s: tag or group */
			$words = sprintf( __( 'Remove %s', 'wcflow-companion' ), $name );
			echo '<button type="submit" class="wcflow-remove" form="' . esc_attr( Wcflow_Requests::form_id( $kind . '.remove' ) ) . '" name="wcflow[' . esc_attr( $kind ) . ']" value="' . esc_attr( $name ) . '" aria-label="' . esc_attr( $words ) . '" title="' . esc_attr( $words ) . '"><span aria-hidden="true">×</span></button>';
		}
		echo '</li>';
	}

	/**
	 * Print the form for a new note.
	 *
	 * @param int $order_id Order that the note is about, or 0.
	 * @param int $rows     Height of the field.
	 */
	public static function note_form( $order_id = 0, $rows = 3 ) {
		if ( ! Wcflow_Admin::may_edit() ) {
			return;
		}
		$form = Wcflow_Requests::form_id( 'note.add' );
		echo '<div class="wcflow-note-form"><label class="screen-reader-text" for="wcflow-note-text">' . esc_html__( 'New note', 'wcflow-companion' ) . '</label>';
		echo '<textarea id="wcflow-note-text" name="wcflow[text]" form="' . esc_attr( $form ) . '" rows="' . (int) $rows . '" placeholder="' . esc_attr__( 'A note that only your team sees', 'wcflow-companion' ) . '"></textarea>';
		echo '<p><label class="screen-reader-text" for="wcflow-note-category">' . esc_html__( 'Category of the note', 'wcflow-companion' ) . '</label><select id="wcflow-note-category" name="wcflow[category]" form="' . esc_attr( $form ) . '">';
		foreach ( Wcflow_Admin::vocabulary( 'note_categories' ) as $category ) {
			echo '<option value="' . esc_attr( $category ) . '">' . esc_html( self::category( $category ) ) . '</option>';
		}
		echo '</select> ';
		if ( $order_id ) {
			echo '<input type="hidden" name="wcflow[order_id]" value="' . (int) $order_id . '" form="' . esc_attr( $form ) . '">';
		}
		echo '<button type="submit" class="button" form="' . esc_attr( $form ) . '">' . esc_html__( 'Add note', 'wcflow-companion' ) . '</button></p></div>';
	}

	/**
	 * Return a category of notes in the user's language.
	 *
	 * @param string $category Category as the daemon names it.
	 * @return string
	 */
	public static function category( $category ) {
		$words = array(
			'General'    => __( 'General', 'wcflow-companion' ),
			'Follow-up'  => __( 'Follow-up', 'wcflow-companion' ),
			'Complaint'  => __( 'Complaint', 'wcflow-companion' ),
			'Feedback'   => __( 'Feedback', 'wcflow-companion' ),
			'Meeting'    => __( 'Meeting', 'wcflow-companion' ),
			'Phone Call' => __( 'Phone Call', 'wcflow-companion' ),
			'Internal'   => __( 'Internal', 'wcflow-companion' ),
		);
		return isset( $words[ $category ] ) ? $words[ $category ] : $category;
	}

	/**
	 * Print the notes on a person, those that wait first.
	 *
	 * @param Wcflow_Card    $card    Person.
	 * @param Wcflow_Pending $pending Open requests.
	 * @param int            $most    How many notes are printed.
	 */
	public static function notes( $card, $pending, $most = 50 ) {
		$waiting = array_reverse( $pending->of( 'note.add' ) );
		$notes   = array_slice( $card->records( 'notes' ), 0, $most );
		if ( ! $waiting && ! $notes ) {
			echo '<p class="wcflow-none">' . esc_html__( 'No notes yet.', 'wcflow-companion' ) . '</p>';
			return;
		}
		echo '<ul class="wcflow-notes">';
		foreach ( $waiting as $request ) {
			$data = array(
				'by' => $request['by'],
				'at' => $request['at'],
			);
			self::note( array_merge( $request['data'], $data ), true, false );
		}
		$removed = $pending->values( 'note.remove', 'note' );
		foreach ( $notes as $note ) {
			self::note( $note, false, in_array( Wcflow_Card::string( $note, 'id' ), $removed, true ) );
		}
		echo '</ul>';
	}

	/**
	 * Print one note.
	 *
	 * @param array $note     Note.
	 * @param bool  $adding   Whether the daemon has not taken it yet.
	 * @param bool  $removing Whether someone asked to delete it.
	 */
	private static function note( $note, $adding, $removing ) {
		$id    = Wcflow_Card::string( $note, 'id' );
		$order = absint( Wcflow_Card::string( $note, 'order_id' ) );
		echo '<li class="wcflow-note' . ( $adding ? ' wcflow-is-adding' : '' ) . ( $removing ? ' wcflow-is-removing' : '' ) . '">';
		echo '<div class="wcflow-note-text"><bdi>' . nl2br( esc_html( Wcflow_Card::string( $note, 'text' ) ) ) . '</bdi></div><p class="wcflow-meta">';
		$parts = array( '<strong>' . esc_html( self::category( Wcflow_Card::string( $note, 'category' ) ) ) . '</strong>' );
		if ( '' !== Wcflow_Card::string( $note, 'by' ) ) {
			$parts[] = '<bdi>' . esc_html( Wcflow_Card::string( $note, 'by' ) ) . '</bdi>';
		}
		$parts[] = Wcflow_Html::ago( Wcflow_Card::string( $note, 'at' ) );
		if ( $order ) {
			$parts[] = self::order_link( $order );
		}
		echo implode( ' · ', array_filter( $parts ) ); // phpcs:ignore WordPress.Security.EscapeOutput.OutputNotEscaped -- each part is escaped.
		if ( $adding ) {
			echo ' · <em>' . esc_html__( 'being added', 'wcflow-companion' ) . '</em>';
		} elseif ( $removing ) {
			echo ' · <em>' . esc_html__( 'being deleted', 'wcflow-companion' ) . '</em>';
		} elseif ( '' !== $id && Wcflow_Admin::may_edit() ) {
			echo ' · <button type="submit" class="button-link wcflow-delete" form="' . esc_attr( Wcflow_Requests::form_id( 'note.remove' ) ) . '" name="wcflow[note]" value="' . esc_attr( $id ) . '">' . esc_html__( 'Delete', 'wcflow-companion' ) . '<span class="screen-reader-text"> ' . esc_html( Wcflow_Html::short( Wcflow_Card::string( $note, 'text' ), 40 ) ) . '</span></button>';
		}
		echo '</p></li>';
	}

	/**
	 * Return a link to an order.
	 *
	 * @param int    $order  Order.
	 * @param string $number Number that people see, or empty.
	 * @return string
	 */
	public static function order_link( $order, $number = '' ) {
		/* translators: %s: order number */
		$words = sprintf( __( 'Order #%s', 'wcflow-companion' ), '' !== $number ? $number : $order );
		return $order ? '<a href="' . esc_url( Wcflow_Html::order_url( $order ) ) . '">' . esc_html( $words ) . '</a>' : esc_html( $words );
	}

	/**
	 * Print why a person is in their segments.
	 *
	 * @param Wcflow_Card $card Person.
	 */
	public static function reasons( $card ) {
		$reasons = $card->words( 'reasons' );
		if ( ! $reasons ) {
			return;
		}
		echo '<ul class="wcflow-reasons">';
		foreach ( $reasons as $reason ) {
			echo '<li><bdi>' . esc_html( $reason ) . '</bdi></li>';
		}
		echo '</ul>';
	}

	/**
	 * Return the figures of a person: label => HTML.
	 *
	 * @param Wcflow_Card $card Person.
	 * @return array
	 */
	public static function figures( $card ) {
		$currency = $card->text( 'currency' );
		$figures  = array(
			__( 'Total spent', 'wcflow-companion' )   => Wcflow_Html::money( $card->text( 'spent' ), $currency, '–' ),
			__( 'Orders', 'wcflow-companion' )        => esc_html( number_format_i18n( (int) $card->text( 'orders' ) ) ),
			__( 'Average order', 'wcflow-companion' ) => Wcflow_Html::money( $card->text( 'average' ), $currency ),
			__( 'Last order', 'wcflow-companion' )    => Wcflow_Html::date( $card->text( 'last_order' ) ),
			__( 'Tier', 'wcflow-companion' )          => esc_html( $card->text( 'tier' ) ),
			__( 'Points', 'wcflow-companion' )        => is_numeric( $card->text( 'points' ) ) ? esc_html( number_format_i18n( (float) $card->text( 'points' ) ) ) : '',
		);
		return array_filter( $figures, 'strlen' );
	}

	/**
	 * Print the segment and since when.
	 *
	 * @param Wcflow_Card $card Person.
	 */
	public static function segment( $card ) {
		$segment = $card->text( 'segment' );
		if ( '' === $segment ) {
			echo '<span class="wcflow-meta">' . esc_html__( 'No segment', 'wcflow-companion' ) . '</span>';
			return;
		}
		echo '<span class="wcflow-segment-line">';
		echo Wcflow_Html::segment( $segment, Wcflow_Html::url( 'customers', array( 'segment' => $segment ) ) ); // phpcs:ignore WordPress.Security.EscapeOutput.OutputNotEscaped
		$since = Wcflow_Html::date( $card->text( 'segment_since' ) );
		if ( '' !== $since ) {
			/* translators: %s: date */
			echo ' <span class="wcflow-meta">' . sprintf( esc_html__( 'since %s', 'wcflow-companion' ), $since ) . '</span>'; // phpcs:ignore WordPress.Security.EscapeOutput.OutputNotEscaped
		}
		echo '</span>';
		foreach ( $card->records( 'segments' ) as $other ) {
			$name = Wcflow_Card::string( $other, 'name' );
			if ( '' !== $name && $name !== $segment ) {
				echo ' ' . Wcflow_Html::segment( $name, Wcflow_Html::url( 'customers', array( 'segment' => $name ) ) ); // phpcs:ignore WordPress.Security.EscapeOutput.OutputNotEscaped
			}
		}
	}
}
